# --8<-- [start:shown]
print("later")
# --8<-- [end:shown]
