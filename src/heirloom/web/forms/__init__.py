"""From what a form sends to what an action takes."""
