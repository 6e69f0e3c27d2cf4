"""What ties reading, decoding, batches and the store together inside the owner."""
