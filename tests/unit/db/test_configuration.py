"""The engine's settings."""

from egide.db.configuration import configuration


def test_memory_is_shared_out_by_the_machine_and_bounded():
    assert "shared_buffers = 64MB" in configuration(2**28)
    assert "shared_buffers = 512MB" in configuration(2**32)
    assert "shared_buffers = 2048MB" in configuration(2**38)


def test_only_tests_give_up_durability():
    assert "fsync = on" in configuration(2**32)
    assert "synchronous_commit = on" in configuration(2**32)
    assert "fsync = off" in configuration(2**32, durable=False)
