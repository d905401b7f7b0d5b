"""Harmless activities that look like attacks, labelled as such (specification B7)."""

#: The processes that are look-alikes, by their names. The position, from 1, is the number of an
#: event's label, negative.
LOOKALIKES = (
    "authorised_scan", "update_check", "chat_keepalive", "monitoring_poll", "reputation_dns",
    "cdn_names", "search_suffix", "typing_errors", "expired_names", "backup", "photo_upload",
    "video_upload", "forgotten_password", "service_account_loop", "installer_download",
    "tracking_urls", "signed_urls", "admin_fanout", "software_rollout", "index_server",
    "asset_inventory_dns", "new_application", "new_host", "night_shift",
)  # fmt: skip


def lookalike_label(name: str) -> int:
    """Return the label of a process's events: 0 for one that is no look-alike."""
    return -1 - LOOKALIKES.index(name) if name in LOOKALIKES else 0
