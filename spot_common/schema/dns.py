"""DNS: answers seen on the wire."""

from spot_common.schema.types import SourceSchema, oa_table, raw_table, summary_table

_RAW = raw_table(
    "dns",
    """
    y SMALLINT year
    m TINYINT month
    d TINYINT day
    h TINYINT hour
    """,
    """
    frame_time STRING  Mon DD YYYY HH:MM:SS.nnnnnnnnn ZONE
    unix_tstamp BIGINT  epoch seconds
    frame_len INT  frame length in bytes
    ip_dst STRING  client address
    ip_src STRING  DNS server address
    dns_qry_name STRING  queried name
    dns_qry_class STRING  class, hexadecimal text
    dns_qry_type INT  type number
    dns_qry_rcode INT  response code
    dns_a STRING  A answer
    """,
)

_OA = (
    oa_table(
        "dns",
        "scores",
        "suspicious",
        """
        frame_time STRING
        unix_tstamp BIGINT
        frame_len BIGINT
        ip_dst STRING
        dns_qry_name STRING
        dns_qry_class STRING
        dns_qry_type INT
        dns_qry_rcode INT
        ml_score FLOAT
        tld STRING
        query_rep STRING
        hh INT
        dns_qry_class_name STRING
        dns_qry_type_name STRING
        dns_qry_rcode_name STRING
        network_context STRING
        """,
    ),
    oa_table(
        "dns",
        "edge",
        "edge",
        """
        unix_tstamp BIGINT
        frame_len BIGINT
        ip_dst STRING
        ip_src STRING
        dns_qry_name STRING
        dns_qry_class STRING
        dns_qry_type INT
        dns_qry_rcode INT
        dns_a STRING
        hh INT
        dns_qry_class_name STRING
        dns_qry_type_name STRING
        dns_qry_rcode_name STRING
        network_context STRING
        """,
    ),
    oa_table(
        "dns",
        "dendro",
        "dendro",
        """
        unix_tstamp BIGINT
        dns_a STRING
        dns_qry_name STRING
        ip_dst STRING
        """,
    ),
    summary_table("dns"),
    oa_table(
        "dns",
        "threat_investigation",
        "threat_investigation",
        """
        unix_tstamp BIGINT
        ip_dst STRING
        dns_qry_name STRING
        ip_sev INT
        dns_sev INT
        """,
    ),
    oa_table(
        "dns",
        "storyboard",
        "storyboard",
        """
        ip_threat STRING
        dns_threat STRING
        title STRING
        text STRING
        """,
    ),
    oa_table(
        "dns",
        "threat_dendro",
        "threat_dendro",
        """
        anchor STRING
        total BIGINT
        dns_qry_name STRING
        ip_dst STRING
        """,
    ),
)

_COUNTED = (
    "unix_tstamp frame_time frame_len dns_qry_name ip_src dns_qry_class dns_qry_type dns_qry_rcode"
)

SCHEMA = SourceSchema(
    name="dns",
    title="DNS",
    raw=_RAW,
    oa=_OA,
    position=2,
    counted=tuple(_COUNTED.split()),
)
