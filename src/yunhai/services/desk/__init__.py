"""The Client Desk 營業檯: orders for customers, by keyboard."""
