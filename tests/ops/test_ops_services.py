"""The rendered services: everything local, private, and as spot.conf says."""

from __future__ import annotations

import configparser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from spot_common.config import Config, load_config
from spot_common.errors import ConfigError, UsageError
from spot_common.registry import sources
from spot_ops import stack, supervisor
from spot_ops.services import Service, all_services
from spot_ops.services.jupyter import page_address


def configured(folder: Path, **overrides: str) -> Config:
    values = {"STATE_DIR": str(folder), **overrides}
    return load_config(environ={"HOME": str(folder)}, overrides=values)


def service(config: Config, name: str) -> Service:
    return next(service for service in all_services(config) if service.name == name)


def rendered(config: Config, name: str, file: str) -> str:
    files = service(config, name).files
    return next(text for path, text in files.items() if path.name == file)


def hadoop(text: str) -> dict[str, str]:
    found = {}
    for entry in ElementTree.fromstring(text).iter("property"):
        found[entry.findtext("name") or ""] = entry.findtext("value") or ""
    return found


def properties(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def test_every_source_has_a_collector_and_its_workers(tmp_path: Path) -> None:
    names = {s.name for s in all_services(configured(tmp_path, WORKERS="2"))}
    for source in sources():
        assert {f"collector-{source}", f"worker-{source}-0", f"worker-{source}-1"} <= names
    assert {"kafka", "name-node", "data-node", "metastore", "sql", "jupyter"} <= names


def test_names_and_ports_are_unique(tmp_path: Path) -> None:
    services = all_services(configured(tmp_path))
    ports = [port for service in services for port in service.ports]
    assert len({service.name for service in services}) == len(services)
    assert len(set(ports)) == len(ports)


def test_all_files_and_folders_lie_in_the_state_folder(tmp_path: Path) -> None:
    for one in all_services(configured(tmp_path)):
        for path in (*one.files, *one.folders):
            assert path.is_relative_to(tmp_path), one.name


def test_a_service_of_a_cluster_is_not_started_here(tmp_path: Path) -> None:
    config = configured(
        tmp_path,
        KAFKA_BROKERS="kafka01:9092,kafka02:9092",
        NAME_NODE="https://node01",
        METASTORE_HOST="node02",
        HS2_HOST="node03",
    )
    names = {s.name for s in all_services(config)}
    assert not names & {"kafka", "name-node", "data-node", "metastore", "sql"}
    assert "jupyter" in names


def test_impala_brings_its_own_sql_server(tmp_path: Path) -> None:
    names = {s.name for s in all_services(configured(tmp_path, DBENGINE="impala"))}
    assert "sql" not in names


def test_everything_listens_on_the_bind_address_only(tmp_path: Path) -> None:
    config = configured(tmp_path)
    listeners = properties(rendered(config, "kafka", "server.properties"))["listeners"]
    assert listeners == "PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093"
    hdfs = hadoop(rendered(config, "name-node", "hdfs-site.xml"))
    for key, value in hdfs.items():
        if key.endswith(("address", "bind-host")):
            assert value.startswith("127.0.0.1"), key
    sql = properties(rendered(config, "sql", "spark-defaults.conf"))
    assert sql["spark.hadoop.hive.server2.thrift.bind.host"] == "127.0.0.1"
    assert service(config, "metastore").command[-2:] == ("127.0.0.1", "9083")


def test_ports_and_heaps_come_from_the_configuration(tmp_path: Path) -> None:
    config = configured(tmp_path, KAFKA_BROKERS="127.0.0.1:19092", KAFKA_HEAP="300m", WEB_PORT="1")
    assert service(config, "kafka").port == 19092
    assert "-Xmx300m" in service(config, "kafka").command
    assert hadoop(rendered(config, "name-node", "hdfs-site.xml"))[
        "dfs.namenode.http-address"
    ].endswith(":1")


@pytest.mark.parametrize("broker", ["kafka01", ":9092", "host:port"])
def test_a_broker_without_host_or_port_is_refused(tmp_path: Path, broker: str) -> None:
    with pytest.raises(ConfigError, match="KAFKA_BROKERS"):
        all_services(configured(tmp_path, KAFKA_BROKERS=broker))


def test_the_sql_server_remembers_no_listing(tmp_path: Path) -> None:
    sql = properties(rendered(configured(tmp_path), "sql", "spark-defaults.conf"))
    assert sql["spark.sql.hive.filesourcePartitionFileCacheSize"] == "0"
    assert sql["spark.sql.filesourceTableRelationCacheSize"] == "0"


def test_no_rendered_file_or_command_carries_the_token(tmp_path: Path) -> None:
    config = configured(tmp_path, UI_TOKEN="secret-token-of-the-test")
    for one in all_services(config):
        assert not any("secret-token" in text for text in one.files.values())
        assert not any("secret-token" in word for word in one.command)


def test_the_page_address_opens_a_day(tmp_path: Path) -> None:
    config = configured(tmp_path, UI_TOKEN="abc", UI_PORT="1234")
    assert page_address(config, "dns", "2016-07-08") == (
        "http://127.0.0.1:1234/files/ui/dns/suspicious.html?token=abc#date=2016-07-08"
    )


def test_the_supervisor_restarts_whatever_ends(tmp_path: Path) -> None:
    config = configured(tmp_path)
    parser = configparser.RawConfigParser(inline_comment_prefixes=(";", "#"))
    parser.read_string(supervisor.render(config, all_services(config)))
    programs = [name for name in parser.sections() if name.startswith("program:")]
    assert len(programs) == len(all_services(config))
    for name in programs:
        assert parser[name]["autorestart"] == "true"
        assert parser[name]["stopasgroup"] == "true"
        assert f'SPOT_STACK="{tmp_path}"' in parser[name]["environment"]
        assert f'SPOT_STATE_DIR="{tmp_path}"' in parser[name]["environment"]
    assert parser["unix_http_server"]["chmod"] == "0700"


def test_odd_values_reach_the_services_or_are_refused(tmp_path: Path) -> None:
    config = configured(tmp_path, USER_DOMAIN='50%,"x"')
    assert "SPOT_USER_DOMAIN='50%%,\"x\"'" in supervisor.render(config, all_services(config))
    with pytest.raises(ConfigError, match="both kinds of quotes"):
        supervisor.render(configured(tmp_path, USER_DOMAIN="\"'"), all_services(config))
    with pytest.raises(ConfigError, match="blank"):
        supervisor.render(configured(tmp_path / "a #b"), all_services(config))


def test_a_deep_state_folder_gets_a_short_socket(tmp_path: Path) -> None:
    assert supervisor.socket_path(configured(Path("/s"))) == Path("/s/supervisor/supervisor.sock")
    deep = configured(tmp_path / ("d" * 100))
    assert len(str(supervisor.socket_path(deep))) < 100
    assert supervisor.socket_path(deep) != supervisor.socket_path(
        configured(tmp_path / ("e" * 100))
    )


def test_an_unknown_service_is_named_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="kafak") as caught:
        stack.choose(configured(tmp_path), ["kafak"])
    assert "kafka" in caught.value.hint


def test_a_stack_that_never_ran_is_stopped(tmp_path: Path) -> None:
    found = stack.status(configured(tmp_path))
    assert {service.state for service in found} == {"stopped"}
    assert not any(service.healthy or service.pid for service in found)
