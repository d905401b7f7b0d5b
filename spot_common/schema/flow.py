"""Netflow: connections between two addresses."""

from spot_common.schema.types import SourceSchema, oa_table, raw_table, summary_table

_RAW = raw_table(
    "flow",
    """
    y SMALLINT year
    m TINYINT month
    d TINYINT day
    h TINYINT hour
    """,
    """
    treceived STRING  time received, YYYY-MM-DD HH:MM:SS
    unix_tstamp BIGINT  the same, epoch seconds
    tryear INT  year of treceived
    trmonth INT  its month
    trday INT  its day
    trhour INT  its hour
    trminute INT  its minute
    trsec INT  its second
    tdur FLOAT  duration in seconds
    sip STRING  source address
    dip STRING  destination address
    sport INT  source port
    dport INT  destination port; ICMP: type x 256 + code
    proto STRING  protocol name
    flag STRING  TCP flags, UAPRSF
    fwd INT  forwarding status
    stos INT  source TOS
    ipkt BIGINT  packets in
    ibyt BIGINT  bytes in
    opkt BIGINT  packets out
    obyt BIGINT  bytes out
    input INT  SNMP index of the input interface
    output INT  SNMP index of the output interface
    sas INT  source AS number
    das INT  destination AS number
    dtos INT  destination TOS
    dir INT  direction: 0 ingress, 1 egress
    rip STRING  address of the exporting router
    """,
)

_OA = (
    oa_table(
        "flow",
        "scores",
        "suspicious",
        """
        tstart STRING
        srcip STRING
        dstip STRING
        sport INT
        dport INT
        proto STRING
        ipkt INT
        ibyt INT
        opkt INT
        obyt INT
        ml_score FLOAT
        rank INT
        srcip_internal INT
        dstip_internal INT
        src_geoloc STRING
        dst_geoloc STRING
        src_domain STRING
        dst_domain STRING
        src_rep STRING
        dst_rep STRING
        """,
    ),
    oa_table(
        "flow",
        "edge",
        "edge",
        """
        tstart STRING
        srcip STRING
        dstip STRING
        sport INT
        dport INT
        proto STRING
        flags STRING
        tos INT
        ibyt BIGINT
        ipkt BIGINT
        input BIGINT
        output BIGINT
        rip STRING
        obyt BIGINT
        opkt BIGINT
        hh INT
        mn INT
        """,
    ),
    oa_table(
        "flow",
        "chords",
        "chords",
        """
        ip_threat STRING
        srcip STRING
        dstip STRING
        ibyt BIGINT
        ipkt BIGINT
        """,
    ),
    summary_table("flow"),
    oa_table(
        "flow",
        "threat_investigation",
        "threat_investigation",
        """
        tstart STRING
        srcip STRING
        dstip STRING
        srcport INT
        dstport INT
        score INT
        """,
    ),
    oa_table(
        "flow",
        "storyboard",
        "storyboard",
        """
        ip_threat STRING
        title STRING
        text STRING
        """,
    ),
    oa_table(
        "flow",
        "timeline",
        "timeline",
        """
        ip_threat STRING
        tstart STRING
        tend STRING
        srcip STRING
        dstip STRING
        proto STRING
        sport INT
        dport INT
        ipkt BIGINT
        ibyt BIGINT
        """,
    ),
)

_COUNTED = "unix_tstamp sip sport dip dport ibyt ipkt"

SCHEMA = SourceSchema(
    name="flow",
    title="Netflow",
    raw=_RAW,
    oa=_OA,
    position=1,
    counted=tuple(_COUNTED.split()),
)
