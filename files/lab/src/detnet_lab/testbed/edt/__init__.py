"""A stand-in for EDT with fq, the enforcer of Cilium's bandwidth manager, where neither can run.

``pod_cap`` limits a pod as EDT does: whole packets of up to 64 KB at line rate. ``annotations`` is the API between the
controller and the node, ``agent`` carries it out late, and forgets, loses or ignores what a real agent may;
``controller`` is ``detnet run`` with that API.
"""
