"""Floor 6: who takes part: marketplace, providers, shops, their categories and sign-ins."""
