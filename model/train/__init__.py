"""Everything that makes the shipped digit classifier: data, training, evaluation, export."""
