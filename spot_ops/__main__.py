"""``python -m spot_ops`` is the command ``spot``."""

from spot_ops.cli import main

main(prog_name="spot")
