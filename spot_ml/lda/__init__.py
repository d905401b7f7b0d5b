"""Latent Dirichlet allocation: the fits and the model they give."""
