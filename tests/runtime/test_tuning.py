"""Server settings follow the machine and never trade durability."""

from hypothesis import given
from hypothesis import strategies as st

from openhtm.config.runtime.tuning import GIB, MIB, Machine, as_file, settings_for, this_machine

machines = st.builds(Machine, memory=st.integers(64 * MIB, 4096 * GIB), cores=st.integers(1, 256))


def megabytes(text: str) -> int:
    return int(text.removesuffix("MB"))


@given(machines)
def test_the_server_takes_a_modest_share_and_stays_durable(machine):
    settings = settings_for(machine)
    assert megabytes(settings["shared_buffers"]) * MIB <= max(machine.memory // 8, 64 * MIB)
    assert {settings[name] for name in ("fsync", "synchronous_commit", "full_page_writes")} == {"on"}
    assert megabytes(settings["work_mem"]) <= 64


@given(machines, st.integers(0, 64))
def test_more_memory_never_means_less_for_the_server(machine, more_gib):
    small, large = settings_for(machine), settings_for(Machine(machine.memory + more_gib * GIB, machine.cores))
    for name in ("shared_buffers", "effective_cache_size", "work_mem", "maintenance_work_mem", "max_wal_size"):
        assert megabytes(small[name]) <= megabytes(large[name])


def test_a_hospital_server_of_16_gib():
    settings = settings_for(Machine(16 * GIB, 4))
    assert (settings["shared_buffers"], settings["effective_cache_size"], settings["jit"]) == ("2048MB", "8192MB", "off")


def test_the_server_logs_no_statement_with_its_values():
    settings = settings_for(Machine(16 * GIB, 4))
    assert (settings["log_min_error_statement"], settings["log_error_verbosity"]) == ("panic", "terse")


def test_values_are_quoted():
    assert "unix_socket_directories = '/tmp/o''clock'" in as_file({"unix_socket_directories": "/tmp/o'clock"})


def test_this_machine_has_memory_and_cores():
    machine = this_machine()
    assert machine.memory > 64 * MIB
    assert machine.cores >= 1
