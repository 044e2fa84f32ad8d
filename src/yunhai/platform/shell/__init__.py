"""What every page shares: the caller, the menu, language, theme, headers; base page and design tokens."""
