"""Cases: practices told and evidenced, their runs, seals, kits and replications."""
