"""Toy: doors that badges opened."""

from spot_common.schema.types import SourceSchema, oa_table, raw_table, summary_table

SCHEMA = SourceSchema(
    name="toy",
    title="Toy",
    raw=raw_table(
        "toy",
        "y SMALLINT year\nm TINYINT month\nd TINYINT day\nh TINYINT hour",
        "moment STRING YYYY-MM-DD HH:MM:SS\nbadge STRING who\ndoor STRING which door",
    ),
    oa=(
        oa_table(
            "toy",
            "scores",
            "suspicious",
            "moment STRING\nbadge STRING\ndoor STRING\nml_score FLOAT",
        ),
        summary_table("toy"),
    ),
    position=9,
)
