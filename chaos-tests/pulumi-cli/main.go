//go:build tools

// Package tools names the pulumi command, so that go.mod and go.sum pin all that it is built from.
package main

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
