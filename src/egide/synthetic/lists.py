"""The lists names and places are drawn from: common ones, combined at random."""

FAMILY = """
    Martin Bernard Thomas Petit Robert Richard Durand Dubois Moreau Laurent Simon Michel
    Lefebvre Leroy Roux David Bertrand Morel Fournier Girard Bonnet Dupont Lambert Fontaine
    Rousseau Vincent Muller Lefevre Faure Andre Mercier Blanc Guerin Boyer Garnier Chevalier
    Francois Legrand Gauthier Garcia Perrin Robin Clement Morin Nicolas Henry Roussel Mathieu
    Gautier Masson Marchand Duval Denis Dumont Marie Lemaire Noel Meyer Dufour Meunier Brun
    Blanchard Giraud Joly Riviere Lucas Brunet Gaillard Barbier Arnaud Martinez Gerard Roche
    Renard Schmitt Roy Leroux Colin Vidal Caron Picard Roger Fabre Aubert Lemoine Renaud Dumas
    Lacroix Olivier Philippe Bourgeois Pierre Benoit Rey Leclerc Payet Rolland Leclercq
    Guillaume Lecomte Lopez Jean Dupuy Guillot Hubert Berger Carpentier Sanchez Dupuis Moulin
    Louis Deschamps Huet Vasseur Perez Boucher Fleury Royer Klein Jacquet Adam Paris Poirier
    Marty Aubry Guyot Carre Charles Renault Charpentier Menard Maillard Baron Bertin Bailly
    Herve Schneider Fernandez Collet Leger Bouvier Julien Prevost Millet Perrot Daniel Cousin
    Germain Breton Besson Langlois Remy Le-Gall Pelletier Leveque Perrier Leblanc Barre Lebrun
    Marchal Weber Mallet Hamon Boulanger Jacob Monnier Michaud Rodriguez Guichard Gillet
    Etienne Grondin Poulain Tessier Chevallier Collin Chauvin Bouchet Gay Lemaitre Benard
    Marechal Humbert Reynaud Antoine Hoarau Perret Barthelemy Cordier Pichon Lejeune Gilbert
    Lamy Delaunay Pasquier Carlier Laporte
""".split()  # noqa: SIM905  (a list to read)

GIVEN_FEMALE = """
    Marie Jeanne Françoise Monique Catherine Nathalie Isabelle Jacqueline Anne Sylvie Martine
    Nicole Christine Valérie Sophie Sandrine Stéphanie Véronique Céline Chantal Patricia
    Brigitte Julie Aurélie Laurence Émilie Camille Élodie Caroline Virginie Hélène Laura Sarah
    Pauline Léa Manon Chloé Emma Inès Jade Louise Alice Lina Rose Anna Juliette Zoé Léna
    Agathe Charlotte Margaux Lucie Clara Mathilde Amandine Delphine Séverine Nadia Fatima
    Odette Simone Denise Ginette Yvette Colette Danielle Josiane Maëlle Noémie Éva Ambre
    Romane Salomé Apolline
""".split()  # noqa: SIM905  (a list to read)

GIVEN_MALE = """
    Jean Pierre Michel André Philippe Alain Bernard Jacques Daniel Patrick Nicolas Christophe
    Christian Stéphane Frédéric Sébastien Laurent David Éric Thierry Olivier Julien Claude
    Gérard Alexandre François Pascal Thomas Bruno Guillaume Vincent Antoine Maxime Kevin
    Anthony Jérôme Romain Benjamin Mathieu Clément Florian Hugo Lucas Louis Gabriel Jules
    Raphaël Arthur Adam Paul Nathan Léo Ethan Noah Théo Mohamed Karim Samir Yann Erwan Loïc
    Gilles Didier Serge René Roger Marcel Henri Georges Maurice Émile Côme Sacha Malo Gaspard
    Timothée
""".split()  # noqa: SIM905  (a list to read)

STREETS = (
    "rue des Lilas",
    "rue du Moulin",
    "avenue de la Gare",
    "rue des Écoles",
    "place de l'Église",
    "rue du Lavoir",
    "boulevard des Tilleuls",
    "impasse des Acacias",
    "chemin des Vignes",
    "allée des Peupliers",
    "rue Haute",
    "rue Basse",
    "route de la Forêt",
    "quai des Pêcheurs",
    "rue de la Fontaine",
    "cours des Marronniers",
    "rue du Four",
    "square des Roses",
    "sentier du Ruisseau",
    "rue de l'Horloge",
)

TOWNS = (
    ("Villexemple-sur-Loire", "44999"),
    ("Saint-Modèle", "35998"),
    ("Essaiville", "75998"),
    ("Montfictif", "69998"),
    ("Bourg-l'Épreuve", "63998"),
    ("Port-Maquette", "29998"),
    ("La Ferté-Témoin", "45998"),
    ("Châteauneuf-d'Essai", "13998"),
    ("Sainte-Démonstration", "59998"),
    ("Clairpatron", "67998"),
)
"""Invented towns, with postal codes that are not in use."""

BIRTHPLACES = (
    ("Paris", "75056"),
    ("Marseille", "13055"),
    ("Lyon", "69123"),
    ("Nantes", "44109"),
    ("Rennes", "35238"),
    ("Lille", "59350"),
    ("Strasbourg", "67482"),
    ("Bordeaux", "33063"),
    ("Toulouse", "31555"),
    ("Brest", "29019"),
    ("Clermont-Ferrand", "63113"),
    ("Orléans", "45234"),
)
"""Communes with their INSEE codes: a birthplace has to be one that exists."""
