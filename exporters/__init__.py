"""Export targets of s2sgraph, one package each; installed as `s2sgraph_exporters`."""
