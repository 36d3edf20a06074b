"""Figures against what they were to be."""

from egide.bench.figure import Figure, Target


def figure(value: float, target: Target | None) -> Figure:
    return Figure(name="a figure", value=value, unit="s", target=target)


def test_more_is_met_from_the_target_on():
    target = Target(100, "more")
    assert (figure(100, target).ratio, figure(100, target).verdict) == (1.0, "ok")
    assert (figure(50, target).ratio, figure(50, target).verdict) == (0.5, "missed")


def test_less_is_met_up_to_the_target():
    target = Target(100, "less")
    assert (figure(100, target).ratio, figure(100, target).verdict) == (1.0, "ok")
    assert (figure(200, target).ratio, figure(200, target).verdict) == (0.5, "missed")


def test_without_a_target_there_is_no_verdict():
    assert (figure(1, None).ratio, figure(1, None).verdict) == (None, "")
