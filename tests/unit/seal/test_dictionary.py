import contextlib
import hashlib
import threading
from importlib.resources import files

import pytest

from egide.errors import Fault
from egide.fhir.definitions import TYPES
from egide.seal import DataKey, SealBroken, dictionary_for
from egide.seal import dictionary as module
from egide.seal.dictionary import NONE, compress, decompress, manifest
from egide.synthetic import bundles
from egide.synthetic.bundle import encode

FOLDER = files("egide.seal") / "dictionaries"


def bodies() -> list[tuple[str, bytes]]:
    made = [entry["resource"] for bundle in bundles(4242, 3) for entry in bundle["entry"]]
    return [(resource["resourceType"], encode(resource)) for resource in made]


def test_shipped_dictionaries_are_the_ones_of_the_manifest() -> None:
    shipped = manifest().dictionaries
    names = {each.name for each in FOLDER.iterdir() if each.name != "manifest.json"}
    assert names == {f"{number}.zdict" for number in shipped}
    for number, each in shipped.items():
        raw = (FOLDER / f"{number}.zdict").read_bytes()
        assert (len(raw), hashlib.sha256(raw).hexdigest()) == (each.bytes, each.sha256)
        assert 1 <= number <= 255


def test_the_current_dictionaries_are_small_enough_to_ship() -> None:
    shipped = manifest()
    assert sum(shipped.dictionaries[number].bytes for number in shipped.current) < 400_000


def test_every_type_has_a_dictionary() -> None:
    shipped = manifest()
    for type in TYPES:
        number = dictionary_for(type)
        assert number in shipped.current
        assert shipped.dictionaries[number].types in ((type,), ())
    assert len({dictionary_for(type) for type in TYPES}) == len(shipped.current)


def test_every_shipped_dictionary_opens_what_it_sealed() -> None:
    plain = b'{"resourceType":"Patient","id":"1"}'
    for number in (NONE, *manifest().dictionaries):
        assert decompress(compress(plain, number), number) == plain


def test_a_body_opened_with_another_dictionary_is_refused_or_not_the_same() -> None:
    plain = bodies()[60][1]
    frame = compress(plain, dictionary_for("Observation"))
    for number in (NONE, dictionary_for("Claim")):
        with contextlib.suppress(SealBroken):
            assert decompress(frame, number) != plain


def test_dictionaries_make_bodies_at_most_half_as_long() -> None:
    key = DataKey(DataKey.generate())
    without = sum(len(key.seal(body, b"")) for _, body in bodies())
    sealed = sum(
        len(key.seal(body, b"", dictionary=dictionary_for(type))) for type, body in bodies()
    )
    assert sealed < without / 2


def test_a_dictionary_that_is_not_the_shipped_one_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Altered:
        def __truediv__(self, name: str) -> "Altered":
            return self

        def read_bytes(self) -> bytes:
            return b"another"

    monkeypatch.setattr(module, "files", lambda package: Altered())
    with pytest.raises(Fault, match="not the one that was shipped"):
        module._digested.__wrapped__(1)


def test_threads_seal_and_open_at_once() -> None:
    key = DataKey(DataKey.generate())
    some = bodies()[:40]
    wrong: list[int] = []

    def work(number: int) -> None:
        for _ in range(20):
            for type, body in some:
                sealed = key.seal(body, b"row", dictionary=dictionary_for(type))
                if key.open(sealed, b"row") != body:
                    wrong.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
