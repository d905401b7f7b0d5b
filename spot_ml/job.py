"""The job: a run in a Spark of its own.

``python -m spot_ml.job`` takes the options of the original's main program. Exit status: 0 only
when results were written, 2 wrong option, 3 no rows or wrong columns, 4 a service does not
answer.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING

from spot_common import log, progress
from spot_common.cli import fail
from spot_common.config import Config, load_config
from spot_common.errors import SpotError
from spot_common.registry import check_source
from spot_ml import arguments
from spot_ml.lda.parameters import MLLIB
from spot_ml.request import Request, TableInput, of_arguments
from spot_ml.session import java_options, spark_session

if TYPE_CHECKING:
    from spot_ml.summary import Summary


def run(request: Request, config: Config) -> Summary:
    """Start Spark, do the run, stop Spark. Raises a SpotError where no result was written."""
    check_source(request.source)
    started = time.monotonic()
    java = java_options(computes=request.parameters.optimizer.startswith(MLLIB))
    spark = spark_session(config, tables=isinstance(request.input, TableInput), java=java)
    with ExitStack() as stack:
        with progress.bar("start Spark"), ThreadPoolExecutor(1) as pool:
            starting = pool.submit(stack.enter_context, spark)
            from spot_ml import run as a_run  # takes a second, in which Java starts

            session = starting.result()
        return a_run.run(session, request, config, started)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the job with the options of the original's main program."""
    log.configure(level="WARNING")
    try:
        config = load_config()
        found = arguments.parse(sys.argv[1:] if argv is None else argv)
        print(run(of_arguments(found, config), config).text())
    except SpotError as error:
        fail(error)


if __name__ == "__main__":
    main()
