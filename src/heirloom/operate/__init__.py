"""Operate: what the person who keeps an installation runs."""
