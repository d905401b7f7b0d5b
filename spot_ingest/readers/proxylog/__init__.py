"""Logs of web proxies, in any format that a file of ``conf/proxy/`` describes, to table rows."""
