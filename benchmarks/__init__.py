"""Measurements against a bare counterpart in the same run: ratios last, absolute figures do not."""
