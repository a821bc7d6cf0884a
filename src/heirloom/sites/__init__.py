"""Monitored places: their panels, visits, epochs, sensors, observations and alerts."""
