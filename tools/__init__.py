"""Small tested programs that keep the house: setting up, checking, tidying."""
