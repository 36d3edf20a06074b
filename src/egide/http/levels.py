"""What the levels of authentication are called outside: the same word wherever one is said.

In the challenge that asks for more (https://www.rfc-editor.org/rfc/rfc9470#section-3), in id
tokens, in introspection and in the authorization server's metadata. The names are the numbers of
factors, as in `egide.actor.Actor.assurance`.
"""

LEVELS = {1: "1", 2: "2"}
"""The `acr` of each assurance, from weakest to strongest."""
