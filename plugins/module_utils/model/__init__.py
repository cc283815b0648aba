"""Values: rates, samples, signals, objectives, annotations, and the errors that are written for people.

Standard library only. The controller and the Ansible modules share them: the real files live in
``plugins/module_utils``, and ``files/controller/src/detnet`` links to each of them
 (docs/decisions/0001-one-source-for-the-core.md).
"""
