"""Tianshui's 21 departments: one module each, named by its key, with `deliveries(world, period)`.

A module says what happened, in the contract's words and nothing else; headers, code lists, encodings and
files are feeds.yaml's and are applied by `simulator.writing`.
"""
