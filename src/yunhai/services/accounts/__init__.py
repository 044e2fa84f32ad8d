"""Accounts 帳戶: who may trade where, with which limits."""
