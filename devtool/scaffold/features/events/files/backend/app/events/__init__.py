"""Events: told once the change is in the database, heard at least once, handled exactly once.

Triggers write each change of a watched table into `outbox`, in the transaction of the change. A
worker tells what is there to a broker, or to the consumers of this process where there is none.
Consumers note which events they have handled, in the transaction of what they do.
"""
