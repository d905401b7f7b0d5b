"""The web pages of Spot and the server extension that serves them."""
