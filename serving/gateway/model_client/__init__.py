"""What lies between the gateway and the model server: channel, contract, versions, failures."""
