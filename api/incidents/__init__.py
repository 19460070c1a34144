"""Incidents at the desk: the rules of the loop, applied to what the store holds, in the transaction of whoever acts."""
