"""What happens in a synthetic hospital: codes with our own short French words for them.

Codes are LOINC's, CIM-10's, CCAM's and ATC's; no text of these terminologies is copied. This
material contains content from LOINC (http://loinc.org). LOINC is copyright © Regenstrief Institute,
Inc. and the Logical Observation Identifiers Names and Codes (LOINC) Committee and is available at
no cost under the license at http://loinc.org/license.
"""

from typing import NamedTuple


class Analysis(NamedTuple):
    """One measured quantity: its usual range is `low` to `high`, in `code` (UCUM)."""

    loinc: str
    text: str
    unit: str
    code: str
    digits: int
    low: float
    high: float


class Panel(NamedTuple):
    """Analyses made together and reported as one."""

    loinc: str
    text: str
    analyses: tuple[Analysis, ...]


class Disease(NamedTuple):
    """A condition; `chronic` ones last, `drugs` are the indexes of what treats them."""

    cim10: str
    text: str
    from_age: int
    likelihood: float
    chronic: bool
    drugs: tuple[str, ...]
    panels: tuple[str, ...]


class Drug(NamedTuple):
    """A medicine and one way to take it."""

    atc: str
    text: str
    dose: str
    unit: str
    times: int
    route: str


PANELS = {
    "nfs": Panel(
        "58410-2",
        "Numération formule sanguine",
        (
            Analysis("6690-2", "Leucocytes", "G/L", "10*9/L", 2, 4.0, 10.0),
            Analysis("789-8", "Hématies", "T/L", "10*12/L", 2, 4.0, 5.7),
            Analysis("718-7", "Hémoglobine", "g/dL", "g/dL", 1, 12.0, 16.5),
            Analysis("4544-3", "Hématocrite", "%", "%", 1, 37.0, 50.0),
            Analysis("787-2", "Volume globulaire moyen", "fL", "fL", 1, 80.0, 98.0),
            Analysis("785-6", "Teneur corpusculaire en hémoglobine", "pg", "pg", 1, 27.0, 32.0),
            Analysis("777-3", "Plaquettes", "G/L", "10*9/L", 0, 150.0, 400.0),
        ),
    ),
    "iono": Panel(
        "24326-1",
        "Ionogramme sanguin",
        (
            Analysis("2951-2", "Sodium", "mmol/L", "mmol/L", 0, 136.0, 145.0),
            Analysis("2823-3", "Potassium", "mmol/L", "mmol/L", 1, 3.5, 5.1),
            Analysis("2075-0", "Chlorures", "mmol/L", "mmol/L", 0, 98.0, 107.0),
            Analysis("1963-8", "Bicarbonates", "mmol/L", "mmol/L", 0, 22.0, 29.0),
            Analysis("22664-7", "Urée", "mmol/L", "mmol/L", 1, 2.8, 8.1),
            Analysis("14682-9", "Créatinine", "µmol/L", "umol/L", 0, 45.0, 104.0),
            Analysis(
                "62238-1",
                "Débit de filtration glomérulaire estimé",
                "mL/min/1,73 m²",
                "mL/min/{1.73_m2}",
                0,
                60.0,
                120.0,
            ),
        ),
    ),
    "foie": Panel(
        "24325-3",
        "Bilan hépatique",
        (
            Analysis("1920-8", "ASAT", "UI/L", "[IU]/L", 0, 10.0, 40.0),
            Analysis("1742-6", "ALAT", "UI/L", "[IU]/L", 0, 10.0, 45.0),
            Analysis("2324-2", "Gamma-GT", "UI/L", "[IU]/L", 0, 8.0, 61.0),
            Analysis("6768-6", "Phosphatases alcalines", "UI/L", "[IU]/L", 0, 40.0, 129.0),
            Analysis("14631-6", "Bilirubine totale", "µmol/L", "umol/L", 1, 2.0, 21.0),
        ),
    ),
    "lipides": Panel(
        "57698-3",
        "Exploration d'une anomalie lipidique",
        (
            Analysis("14647-2", "Cholestérol total", "mmol/L", "mmol/L", 2, 3.0, 5.2),
            Analysis("14646-4", "Cholestérol HDL", "mmol/L", "mmol/L", 2, 1.0, 2.0),
            Analysis("39469-2", "Cholestérol LDL calculé", "mmol/L", "mmol/L", 2, 1.5, 3.4),
            Analysis("14927-8", "Triglycérides", "mmol/L", "mmol/L", 2, 0.5, 1.7),
        ),
    ),
    "diabete": Panel(
        "55399-0",
        "Suivi du diabète",
        (
            Analysis("14749-6", "Glycémie", "mmol/L", "mmol/L", 2, 3.9, 6.1),
            Analysis("4548-4", "Hémoglobine glyquée", "%", "%", 1, 4.0, 6.0),
        ),
    ),
    "crp": Panel(
        "1988-5",
        "Protéine C réactive",
        (Analysis("1988-5", "Protéine C réactive", "mg/L", "mg/L", 1, 0.0, 5.0),),
    ),
    "tsh": Panel(
        "3016-3",
        "Thyréostimuline",
        (Analysis("3016-3", "Thyréostimuline", "mUI/L", "m[IU]/L", 2, 0.27, 4.20),),
    ),
    "hemostase": Panel(
        "34528-0",
        "Hémostase",
        (
            Analysis("6301-6", "INR", "INR", "{INR}", 2, 0.80, 1.20),
            Analysis("3255-7", "Fibrinogène", "g/L", "g/L", 1, 2.0, 4.0),
        ),
    ),
}

PULSE = Analysis("8867-4", "Fréquence cardiaque", "/min", "/min", 0, 55.0, 95.0)
BREATHING = Analysis("9279-1", "Fréquence respiratoire", "/min", "/min", 0, 12.0, 20.0)
TEMPERATURE = Analysis("8310-5", "Température corporelle", "°C", "Cel", 1, 36.2, 37.6)
SATURATION = Analysis("2708-6", "Saturation en oxygène", "%", "%", 0, 95.0, 99.0)
WEIGHT = Analysis("29463-7", "Poids", "kg", "kg", 1, 50.0, 95.0)
HEIGHT = Analysis("8302-2", "Taille", "cm", "cm", 0, 150.0, 190.0)
BMI = Analysis("39156-5", "Indice de masse corporelle", "kg/m²", "kg/m2", 1, 18.5, 25.0)
SYSTOLIC = Analysis("8480-6", "Pression systolique", "mmHg", "mm[Hg]", 0, 100.0, 139.0)
DIASTOLIC = Analysis("8462-4", "Pression diastolique", "mmHg", "mm[Hg]", 0, 60.0, 89.0)

DRUGS = {
    drug.atc: drug
    for drug in (
        Drug("C09AA05", "Ramipril 5 mg, comprimé", "1", "comprimé", 1, "Voie orale"),
        Drug("C08CA01", "Amlodipine 5 mg, gélule", "1", "gélule", 1, "Voie orale"),
        Drug("C07AB07", "Bisoprolol 2,5 mg, comprimé", "1", "comprimé", 1, "Voie orale"),
        Drug("C03CA01", "Furosémide 40 mg, comprimé", "1", "comprimé", 1, "Voie orale"),
        Drug("C10AA05", "Atorvastatine 20 mg, comprimé", "1", "comprimé", 1, "Voie orale"),
        Drug("B01AF02", "Apixaban 5 mg, comprimé", "1", "comprimé", 2, "Voie orale"),
        Drug("B01AC06", "Acide acétylsalicylique 75 mg", "1", "sachet", 1, "Voie orale"),
        Drug("B01AB05", "Énoxaparine 4000 UI, solution", "1", "injection", 1, "Sous-cutanée"),
        Drug("A10BA02", "Metformine 1000 mg, comprimé", "1", "comprimé", 2, "Voie orale"),
        Drug("A10AE04", "Insuline glargine 100 UI/mL", "14", "unité", 1, "Sous-cutanée"),
        Drug("A02BC01", "Oméprazole 20 mg, gélule", "1", "gélule", 1, "Voie orale"),
        Drug("N02BE01", "Paracétamol 1 g, comprimé", "1", "comprimé", 3, "Voie orale"),
        Drug("M01AE01", "Ibuprofène 400 mg, comprimé", "1", "comprimé", 3, "Voie orale"),
        Drug("N02AX02", "Tramadol 50 mg, gélule", "1", "gélule", 3, "Voie orale"),
        Drug("R03AC02", "Salbutamol 100 µg, inhalation", "2", "bouffée", 4, "Inhalée"),
        Drug("R03AK06", "Salmétérol et fluticasone", "1", "bouffée", 2, "Inhalée"),
        Drug("H03AA01", "Lévothyroxine 75 µg, comprimé", "1", "comprimé", 1, "Voie orale"),
        Drug("J01CA04", "Amoxicilline 1 g, comprimé", "1", "comprimé", 3, "Voie orale"),
        Drug("J01CR02", "Amoxicilline et acide clavulanique", "1", "sachet", 3, "Voie orale"),
        Drug("J01DD04", "Ceftriaxone 1 g, solution", "1", "injection", 1, "Intraveineuse"),
        Drug("J01XE01", "Nitrofurantoïne 100 mg, gélule", "1", "gélule", 3, "Voie orale"),
        Drug("N06AB10", "Escitalopram 10 mg, comprimé", "1", "comprimé", 1, "Voie orale"),
        Drug("N02CC01", "Sumatriptan 50 mg, comprimé", "1", "comprimé", 1, "Voie orale"),
        Drug("M05BA04", "Acide alendronique 70 mg", "1", "comprimé", 1, "Voie orale"),
    )
}

DISEASES = (
    Disease("I10", "Hypertension artérielle", 40, 0.40, True, ("C09AA05", "C08CA01"), ("iono",)),
    Disease("E11.9", "Diabète de type 2", 40, 0.16, True, ("A10BA02", "A10AE04"), ("diabete",)),
    Disease("E78.0", "Hypercholestérolémie", 40, 0.28, True, ("C10AA05",), ("lipides", "foie")),
    Disease("I48.9", "Fibrillation auriculaire", 60, 0.12, True, ("B01AF02",), ("hemostase",)),
    Disease("I50.9", "Insuffisance cardiaque", 65, 0.10, True, ("C03CA01", "C07AB07"), ("iono",)),
    Disease("I25.9", "Cardiopathie ischémique", 55, 0.09, True, ("B01AC06",), ("lipides",)),
    Disease("J45.9", "Asthme", 6, 0.08, True, ("R03AC02", "R03AK06"), ()),
    Disease("J44.9", "Bronchopneumopathie obstructive", 55, 0.08, True, ("R03AK06",), ("crp",)),
    Disease("E03.9", "Hypothyroïdie", 30, 0.07, True, ("H03AA01",), ("tsh",)),
    Disease("N18.3", "Maladie rénale chronique, stade 3", 60, 0.10, True, (), ("iono", "nfs")),
    Disease("M17.9", "Arthrose du genou", 55, 0.18, True, ("N02BE01",), ()),
    Disease("M81.9", "Ostéoporose", 65, 0.12, True, ("M05BA04",), ()),
    Disease("F32.9", "Épisode dépressif", 18, 0.09, True, ("N06AB10",), ("tsh",)),
    Disease("G43.9", "Migraine", 15, 0.10, True, ("N02CC01",), ()),
    Disease("K21.9", "Reflux gastro-œsophagien", 25, 0.15, True, ("A02BC01",), ()),
    Disease("J18.9", "Pneumopathie infectieuse", 0, 0.10, False, ("J01CR02",), ("crp", "nfs")),
    Disease("N39.0", "Infection urinaire", 5, 0.14, False, ("J01XE01",), ("crp",)),
    Disease("J20.9", "Bronchite aiguë", 0, 0.35, False, ("N02BE01",), ()),
    Disease("J02.9", "Pharyngite aiguë", 2, 0.35, False, ("J01CA04",), ()),
    Disease("H66.9", "Otite moyenne", 0, 0.15, False, ("J01CA04",), ()),
    Disease("A09.9", "Gastro-entérite", 0, 0.25, False, ("N02BE01",), ("iono",)),
    Disease("M54.5", "Lombalgie basse", 20, 0.30, False, ("N02BE01", "M01AE01"), ()),
    Disease("S93.4", "Entorse de la cheville", 8, 0.15, False, ("M01AE01",), ()),
    Disease("S52.5", "Fracture du radius distal", 6, 0.06, False, ("N02AX02",), ()),
    Disease("S72.0", "Fracture du col du fémur", 70, 0.08, False, ("B01AB05",), ("nfs", "iono")),
    Disease("K35.8", "Appendicite aiguë", 5, 0.06, False, ("J01DD04",), ("nfs", "crp")),
    Disease("K80.2", "Calculs de la vésicule biliaire", 30, 0.08, False, ("N02BE01",), ("foie",)),
    Disease("I63.9", "Infarctus cérébral", 60, 0.04, False, ("B01AC06",), ("hemostase", "iono")),
    Disease("H25.9", "Cataracte", 65, 0.22, False, (), ()),
    Disease("C50.9", "Tumeur maligne du sein", 40, 0.03, True, (), ("nfs", "foie")),
)

PROCEDURES = {
    "K35.8": ("HHFA016", "Appendicectomie par cœlioscopie"),
    "K80.2": ("HMFC004", "Cholécystectomie par cœlioscopie"),
    "S72.0": ("NEKA020", "Prothèse totale de hanche"),
    "M17.9": ("NFKA007", "Prothèse totale de genou"),
    "H25.9": ("BFGA004", "Extraction du cristallin, implant"),
    "S52.5": ("MCEP001", "Réduction orthopédique du radius"),
    "C50.9": ("QEFA003", "Tumorectomie du sein"),
}

EXPLORATIONS = (
    ("DEQP003", "Électrocardiogramme"),
    ("ZBQK002", "Radiographie du thorax"),
    ("DZQM006", "Échographie cardiaque"),
    ("HHQE005", "Coloscopie totale"),
    ("ZCQM008", "Échographie de l'abdomen"),
    ("ACQK001", "Scanner du crâne"),
    ("GLQP012", "Mesure de la fonction respiratoire"),
)

VACCINES = (
    ("J07BB02", "Vaccin grippal inactivé"),
    ("J07BN01", "Vaccin contre la covid-19 à ARN messager"),
    ("J07CA02", "Vaccin diphtérie, tétanos, coqueluche, poliomyélite"),
    ("J07AL02", "Vaccin pneumococcique conjugué"),
    ("J07BD52", "Vaccin rougeole, oreillons, rubéole"),
    ("J07BM03", "Vaccin papillomavirus"),
)

ALLERGIES = (
    ("medication", "J01C", "Allergie aux pénicillines", "Éruption cutanée"),
    ("medication", "M01A", "Intolérance aux anti-inflammatoires", "Douleurs gastriques"),
    ("food", None, "Allergie à l'arachide", "Œdème des lèvres"),
    ("food", None, "Allergie aux fruits de mer", "Urticaire"),
    ("environment", None, "Allergie aux pollens de graminées", "Rhinite"),
    ("environment", None, "Allergie au latex", "Eczéma de contact"),
)

SERVICES = (
    ("Médecine générale", "1001"),
    ("Cardiologie", "1102"),
    ("Pneumologie", "1203"),
    ("Endocrinologie et diabétologie", "1304"),
    ("Chirurgie viscérale", "2105"),
    ("Chirurgie orthopédique", "2206"),
    ("Psychiatrie", "3107"),
    ("Gériatrie", "3208"),
    ("Pédiatrie", "3309"),
    ("Urgences", "4110"),
)
"""Services with the number of their functional unit."""
