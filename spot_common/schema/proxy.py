"""Proxy: requests logged by a web proxy."""

from spot_common.schema.types import SourceSchema, oa_table, raw_table, summary_table

_RAW = raw_table(
    "proxy",
    """
    y STRING year
    m STRING month, two digits
    d STRING day, two digits
    h STRING hour, two digits
    """,
    """
    p_date STRING  YYYY-MM-DD
    p_time STRING  HH:MM:SS
    clientip STRING  client address
    host STRING  requested host
    reqmethod STRING  HTTP method
    useragent STRING  user agent (double quotes kept)
    resconttype STRING  response content type
    duration INT  time taken, ms
    username STRING  client user
    authgroup STRING  authentication group
    exceptionid STRING  exception id
    filterresult STRING  filter verdict (Denied, Proxied, Observed)
    webcat STRING  URL categories (quotes kept)
    referer STRING  referer
    respcode STRING  HTTP status
    action STRING  appliance action
    urischeme STRING  scheme
    uriport STRING  port
    uripath STRING  path
    uriquery STRING  query
    uriextension STRING  document extension
    serverip STRING  appliance address used by the client
    scbytes INT  bytes to the client
    csbytes INT  bytes from the client
    virusid STRING  virus id
    bcappname STRING  application name
    bcappoper STRING  application operation
    fulluri STRING  host + path + query
    """,
)

_OA = (
    oa_table(
        "proxy",
        "scores",
        "suspicious",
        """
        tdate STRING
        time STRING
        clientip STRING
        host STRING
        reqmethod STRING
        useragent STRING
        resconttype STRING
        duration INT
        username STRING
        webcat STRING
        referer STRING
        respcode INT
        uriport INT
        uripath STRING
        uriquery STRING
        serverip STRING
        scbytes INT
        csbytes INT
        fulluri STRING
        word STRING
        ml_score FLOAT
        uri_rep STRING
        respcode_name STRING
        network_context STRING
        """,
    ),
    oa_table(
        "proxy",
        "edge",
        "edge",
        """
        tdate STRING
        time STRING
        clientip STRING
        host STRING
        webcat STRING
        respcode STRING
        reqmethod STRING
        useragent STRING
        resconttype STRING
        referer STRING
        uriport STRING
        serverip STRING
        scbytes INT
        csbytes INT
        fulluri STRING
        hh INT
        respcode_name STRING
        """,
    ),
    summary_table("proxy"),
    oa_table(
        "proxy",
        "threat_investigation",
        "threat_investigation",
        """
        tdate STRING
        fulluri STRING
        uri_sev INT
        """,
    ),
    oa_table(
        "proxy",
        "storyboard",
        "storyboard",
        """
        p_threat STRING
        title STRING
        text STRING
        """,
    ),
    oa_table(
        "proxy",
        "timeline",
        "timeline",
        """
        p_threat STRING
        tstart STRING
        tend STRING
        duration BIGINT
        clientip STRING
        respcode STRING
        respcodename STRING
        """,
    ),
)

_COUNTED = "p_date p_time clientip host fulluri"

SCHEMA = SourceSchema(
    name="proxy",
    title="Proxy",
    raw=_RAW,
    oa=_OA,
    position=3,
    counted=tuple(_COUNTED.split()),
)
