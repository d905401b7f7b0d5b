"""The same result on one core, on two, and on executors that YARN starts.

    python benchmarks/ml_yarn.py

Starts a stack of its own and YARN beside it (a resource manager and a node manager), feeds the
recorded flows, and runs the job of their day with SPARK_MASTER local[1], local[2] and yarn, there
with the fit on the executors. Prints how long each took and whether the results are equal.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from spot_common.clients.hdfs import Hdfs
from spot_common.config import Config
from spot_ops import stack
from spot_ops.jars import Jar, fetch
from spot_ops.services.java import OPEN_MODULES, class_path, hadoop_xml, java_command, pyspark_jars
from tests.own_stack import ROOT, configuration, free_ports

_SPOT = str(Path(sys.executable).with_name("spot"))
_DAY, _RESULTS = "2023-01-25", "flow/scored_results/20230125/scores/flow_results.csv"
#: What the resource manager needs beside the jars of the services: a library of certificates.
_JARS = [
    Jar(digest, "org.bouncycastle", name, "1.78.1", f"yarn/{name}-1.78.1.jar")
    for name, digest in (
        ("bcprov-jdk18on", "add5915e6acfc6ab5836e1fd8a5e21c6488536a8c1f21f386eeb3bf280b702d7"),
        ("bcpkix-jdk18on", "4b48ea084e5232b9d79ebca1887b9de037b124931807cd60710748c2aee08cc9"),
        ("bcutil-jdk18on", "d9fa56f97b0f761ce3bc8d9d74c5d7137a987bf5bd3abfe1003f9bafa45a1d2f"),
    )
]
_SERVER = "org.apache.hadoop.yarn.server"
_WAIT_S = 120


@contextmanager
def yarn(config: Config, place: Path) -> Iterator[dict[str, str]]:
    """Run YARN's two services; give the variables that Spark finds them by."""
    fetch(place, _JARS)
    manager, tracker, scheduler, web, node, localizer, node_web = free_ports(7)
    conf = place / "conf"
    conf.mkdir()
    address = f"hdfs://{config.text('NAME_NODE')}:{config.text('NAME_NODE_PORT')}"
    (conf / "core-site.xml").write_text(hadoop_xml({"fs.defaultFS": address}))
    site = {
        "yarn.resourcemanager.address": f"127.0.0.1:{manager}",
        "yarn.resourcemanager.resource-tracker.address": f"127.0.0.1:{tracker}",
        "yarn.resourcemanager.scheduler.address": f"127.0.0.1:{scheduler}",
        "yarn.resourcemanager.webapp.address": f"127.0.0.1:{web}",
        "yarn.nodemanager.address": f"127.0.0.1:{node}",
        "yarn.nodemanager.localizer.address": f"127.0.0.1:{localizer}",
        "yarn.nodemanager.webapp.address": f"127.0.0.1:{node_web}",
        "yarn.nodemanager.hostname": "127.0.0.1",
        "yarn.nodemanager.local-dirs": str(place / "local"),
        "yarn.nodemanager.log-dirs": str(place / "logs"),
        "yarn.nodemanager.resource.memory-mb": "8192",
        "yarn.nodemanager.resource.cpu-vcores": "4",
        "yarn.nodemanager.vmem-check-enabled": "false",
        "yarn.nodemanager.disk-health-checker.max-disk-utilization-per-disk-percentage": "100",
        "yarn.scheduler.minimum-allocation-mb": "256",
        "yarn.resourcemanager.scheduler.class": (
            f"{_SERVER}.resourcemanager.scheduler.fifo.FifoScheduler"
        ),
    }
    (conf / "yarn-site.xml").write_text(hadoop_xml(site))
    jars = os.pathsep.join(
        (class_path(config, conf, ours="hadoop", spark=("*",)), str(place / "yarn" / "*"))
    )
    with ExitStack() as running:
        for name in ("resourcemanager.ResourceManager", "nodemanager.NodeManager"):
            command = java_command(
                config, heap="512m", classpath=jars, main=(f"{_SERVER}.{name}",),
                options=OPEN_MODULES,
            )  # fmt: skip
            log = running.enter_context((place / f"{name}.log").open("wb"))
            process = subprocess.Popen(command, stdout=log, stderr=log)
            running.callback(process.wait)
            running.callback(process.terminate)
        yield {"HADOOP_CONF_DIR": str(conf), "YARN_CONF_DIR": str(conf)}


def run(config: Config, name: str, more: Mapping[str, str]) -> bytes:
    """Run the day's job; give its result."""
    began = time.monotonic()
    subprocess.run(
        [_SPOT, "ml", "run", "--date", _DAY, "--source", "flow", "--tol", "1"],
        check=True,
        env={**os.environ, **config.environ(), **more},
        timeout=_WAIT_S * 5,
    )
    found = Hdfs(config).read_bytes(f"{config.text('HUSER')}/{_RESULTS}")
    print(f"{name}: {time.monotonic() - began:.1f} s, {len(found):,} bytes", flush=True)
    return found


def main() -> None:
    """Start, feed, run three times, compare."""
    with tempfile.TemporaryDirectory(prefix="spot-yarn-") as name:
        place = Path(name)
        config = configuration(place / "stack")
        stack.up(config, progress=False)
        try:
            environment = {**os.environ, **config.environ()}
            subprocess.run([_SPOT, "setup", "hdfs"], check=True, env=environment)
            files = sorted(map(str, (ROOT / "samples" / "flow" / _DAY).iterdir()))
            subprocess.run([_SPOT, "feed", "--source", "flow", *files], check=True, env=environment)
            subprocess.run([_SPOT, "wait", "--source", "flow", *files], check=True, env=environment)
            one = run(config, "local[1]", {"SPOT_SPARK_MASTER": "local[1]"})
            two = run(config, "local[2]", {"SPOT_SPARK_MASTER": "local[2]"})
            with yarn(config, place) as found:
                cluster = {
                    "SPOT_SPARK_MASTER": "yarn",
                    "SPOT_LDA_ENGINE": "executors",
                    "SPOT_SPK_EXEC": "2",
                    "SPOT_SPK_EXEC_MEM": "1g",
                    "SPARK_CONF_DIR": str(_spark_conf(place)),
                }
                many = run(config, "yarn", {**found, **cluster})
        finally:
            stack.down(config)
    equal = one == two == many
    print("the results are equal" if equal else "THE RESULTS DIFFER")
    sys.exit(not equal)


def _spark_conf(place: Path) -> Path:
    """Tell Spark that its jars and its Python are on every machine already."""
    folder = place / "spark-conf"
    folder.mkdir()
    settings = {
        "spark.yarn.jars": f"local:{pyspark_jars()}/*",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.yarn.appMasterEnv.PYSPARK_PYTHON": sys.executable,
        "spark.dynamicAllocation.shuffleTracking.enabled": "true",
    }
    text = "".join(f"{key} {value}\n" for key, value in settings.items())
    (folder / "spark-defaults.conf").write_text(text)
    return folder


if __name__ == "__main__":
    main()
