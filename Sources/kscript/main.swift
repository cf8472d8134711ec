print("kscript")
