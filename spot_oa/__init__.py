"""Operational analytics: what the model found, made ready for an analyst.

The batch side (:mod:`spot_oa.run`) enriches a day's results and fills the OA tables; the other
side (:mod:`spot_oa.api`) serves them, and the analysts' verdicts, over GraphQL.
"""
