"""The rooms of trust: a person's own pages, registration at the desk, the Evidence Room, the Console's CA, the interfaces."""
