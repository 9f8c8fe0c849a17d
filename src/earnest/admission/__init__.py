"""Floor 15: from invitation over evidence and two reviews to the opening of a provider."""
