"""Failed attempts: told one by one up to a limit, summed up after it, forgotten with time."""

from egide.accounts.failures import Failures, Standing


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def failures(time: Time, **more: int) -> Failures:
    return Failures(60, now=time, **more)  # type: ignore[arg-type]


def test_each_failure_up_to_the_limit_is_told_and_is_no_excess() -> None:
    counted = failures(Time())
    assert [counted.note("a", ("a", 3)) for _ in range(3)] == [Standing(1, False, 0)] * 3


def test_the_first_failure_too_many_is_told_and_the_next_ones_are_not() -> None:
    counted = failures(Time())
    for _ in range(3):
        counted.note("a", ("a", 3))
    assert counted.note("a", ("a", 3)) == Standing(1, True, 61)
    assert counted.note("a", ("a", 3)) == Standing(0, True, 61)


def test_one_key_s_failures_are_no_excess_for_another() -> None:
    counted = failures(Time())
    for _ in range(100):
        counted.note("a", ("address a", 3), ("client x", 3))
    assert not counted.note("b", ("address b", 3), ("client y", 3)).excess
    assert counted.note("b", ("address b", 3), ("client x", 3)).excess


def test_time_ends_an_excess() -> None:
    time = Time()
    counted = failures(time)
    for _ in range(10):
        counted.note("a", ("a", 3))
    time.now = 59
    assert counted.note("a", ("a", 3)).retry_after == 2
    time.now = 60
    assert not counted.note("a", ("a", 3)).excess


def test_what_was_not_told_is_told_with_the_next_failure_or_when_settled() -> None:
    time = Time()
    counted = failures(time)
    for _ in range(10):
        counted.note("a", ("a", 3))
    time.now = 61
    assert counted.note("a", ("a", 3)).report == 1 + 6
    for _ in range(10):
        counted.note("a", ("a", 3))
    assert counted.settle() == [("a", 7)]
    assert counted.settle() == []


def test_nothing_is_lost_whatever_the_flood() -> None:
    time = Time()
    counted = failures(time, most_keys=10)
    told = 0
    for number in range(1000):
        time.now += 0.5
        address = f"{number % 37}"
        told += counted.note(address, (address, 2)).report
    told += sum(count for _, count in counted.settle())
    assert told == 1000


def test_memory_is_bounded() -> None:
    counted = failures(Time(), most_keys=10)
    for number in range(1000):
        for _ in range(5):
            counted.note(f"{number}", (f"{number}", 1))
    assert len(counted._windows) <= 10
    assert len(counted._unwritten) <= 11
