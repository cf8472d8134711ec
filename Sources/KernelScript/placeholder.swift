public func kernelScriptPlaceholder() {}
