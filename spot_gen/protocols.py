"""Numbers that protocols use: of protocols, flags of TCP, types and codes of DNS."""

from __future__ import annotations

ICMP, TCP, UDP, ICMP_6 = 1, 6, 17, 58

FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32

A, CNAME, NULL, PTR, MX, TXT, AAAA, SRV, AXFR = 1, 5, 10, 12, 15, 16, 28, 33, 252
#: Codes of answers; the last is ours: no answer came.
NOERROR, SERVFAIL, NXDOMAIN, REFUSED, NO_ANSWER = 0, 2, 3, 5, 255
