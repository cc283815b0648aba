"""The probe: STAMP packets (RFC 8762), the reflector that answers them, and the prober that measures with them."""
