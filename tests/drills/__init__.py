"""Crash, full-disk, bit-rot, rebuild and backup drills on real data folders and real processes."""
