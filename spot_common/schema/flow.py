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
    treceived STRING  time received, `YYYY-MM-DD HH:MM:SS`
    unix_tstamp BIGINT  the same, epoch seconds
    tryear INT  date parts of treceived
    trmonth INT  date parts of treceived
    trday INT  date parts of treceived
    trhour INT  time parts
    trminute INT  time parts
    trsec INT  time parts
    tdur FLOAT  duration, seconds
    sip STRING  source, destination address
    dip STRING  source, destination address
    sport INT  ports
    dport INT  ports
    proto STRING  protocol name
    flag STRING  TCP flags
    fwd INT  forwarding status
    stos INT  source TOS
    ipkt BIGINT  input packets, bytes
    ibyt BIGINT  input packets, bytes
    opkt BIGINT  output packets, bytes
    obyt BIGINT  output packets, bytes
    input INT  SNMP interfaces
    output INT  SNMP interfaces
    sas INT  AS numbers
    das INT  AS numbers
    dtos INT  destination TOS
    dir INT  direction 0/1
    rip STRING  router address
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

SCHEMA = SourceSchema(name="flow", title="Netflow", raw=_RAW, oa=_OA, position=1)
