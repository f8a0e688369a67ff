//go:build tools

// Package tools pins what install builds.
package tools

import _ "k8s.io/kubernetes/cmd/kube-apiserver"
