"""What a label at a stay or an episode holds for: through however many, of one patient alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egide.gate.episodes import Episode, Episodes, episode, episodes, targets
from egide.gate.labels import HIDDEN_FROM_REPRESENTATIVES, NORMAL, RESTRICTED

NONE: frozenset[str] = frozenset()
HIDDEN = frozenset({HIDDEN_FROM_REPRESENTATIVES})


def stay(id: str, labels: frozenset[str] = NONE, *within: str) -> Episode:
    return Episode(f"Encounter/{id}", labels, frozenset(within))


@pytest.mark.parametrize(
    "reference",
    ["Encounter/1", "Encounter/1/_history/3", "https://here/fhir/Encounter/1"],
)
def test_what_refers_to_a_labelled_stay_has_its_label(reference: str) -> None:
    found = episodes([stay("1", HIDDEN)], frozenset({"https://here/fhir/"}))
    assert found.labels_of(["Patient/p", reference]) == HIDDEN


@pytest.mark.parametrize(
    "reference",
    ["Encounter/2", "Observation/1", "https://there/fhir/Encounter/1", "#1", "urn:uuid:1", ""],
)
def test_what_refers_elsewhere_has_none(reference: str) -> None:
    found = episodes([stay("1", HIDDEN), stay("2")], frozenset({"https://here/fhir/"}))
    assert found.labels_of([reference]) == NONE


def test_a_label_holds_through_a_stay_within_a_stay_within_an_episode() -> None:
    whole = Episode("EpisodeOfCare/e", HIDDEN, NONE)
    found = episodes(
        [
            stay("3", NONE, "Encounter/2"),
            stay("2", frozenset({RESTRICTED}), "Encounter/1"),
            stay("1", NONE, "EpisodeOfCare/e"),
            whole,
        ]
    )
    assert found.labels_of(["Encounter/3"]) == HIDDEN | {RESTRICTED}
    assert found.labels_of(["Encounter/1"]) == HIDDEN
    assert found.labels_of(["EpisodeOfCare/e"]) == HIDDEN


def test_a_label_does_not_hold_for_what_contains_the_labelled() -> None:
    found = episodes([stay("2", HIDDEN, "Encounter/1"), stay("1")])
    assert found.labels_of(["Encounter/1"]) == NONE


def test_stays_within_each_other_end() -> None:
    found = episodes([stay("1", HIDDEN, "Encounter/2"), stay("2", NONE, "Encounter/1")])
    assert found.labels_of(["Encounter/2"]) == HIDDEN


def test_a_normal_label_says_nothing() -> None:
    one = episode("Encounter/1", {NORMAL, RESTRICTED}, [])
    assert one == Episode("Encounter/1", frozenset({RESTRICTED}), NONE)
    assert episodes([episode("Encounter/1", {NORMAL}, [])]) == Episodes()


def test_what_is_within_is_only_stays_and_episodes_here() -> None:
    asked = [
        "Encounter/1",
        "EpisodeOfCare/2",
        "Patient/p",
        "Encounter?x=1",
        "https://a/Encounter/3",
    ]
    assert targets(asked) == {"Encounter/1", "EpisodeOfCare/2"}
    assert episode("Encounter/1", (), asked).within == {"EpisodeOfCare/2"}


ids = st.sampled_from("abcdef")


@given(
    st.dictionaries(ids, st.tuples(st.frozensets(st.sampled_from("xyz")), st.frozensets(ids))),
)
def test_each_has_the_labels_of_just_what_it_leads_to(
    drawn: dict[str, tuple[frozenset[str], frozenset[str]]],
) -> None:
    found = episodes(
        stay(id, labels, *(f"Encounter/{each}" for each in within))
        for id, (labels, within) in drawn.items()
    )
    for id in "abcdef":
        reached, last = {id}, set[str]()
        while reached != last:
            last = set(reached)
            reached |= {each for one in last if one in drawn for each in drawn[one][1]}
        expected = NONE.union(*(drawn[one][0] for one in reached if one in drawn))
        # What is not there leads nowhere.
        assert found.labels_of([f"Encounter/{id}"]) == (expected if id in drawn else NONE)
