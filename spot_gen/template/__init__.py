"""Lines of text logs from templates: what the original's generator did, made repeatable."""
