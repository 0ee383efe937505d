package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"chronos.dev/config"
	"chronos.dev/feed/venue/all"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

//go:generate go run . docs ../../docs

// generated are the parts of docs/ that are made from the code. A file keeps what
// stands before and after the two marks.
var generated = map[string]func(*cobra.Command) []byte{
	"cli.md":    cliDoc,
	"config.md": func(*cobra.Command) []byte { return config.Markdown() },
	"venues.md": func(*cobra.Command) []byte { return venuesDoc() },
}

const (
	markBegin = "<!-- begin: made by make docs -->\n"
	markEnd   = "<!-- end -->\n"
)

func newDocs(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use: "docs DIR", Short: "Rewrite the generated parts of the documentation in DIR",
		Args: cobra.ExactArgs(1), Hidden: true,
		RunE: func(_ *cobra.Command, args []string) error {
			for name, make := range generated {
				path := filepath.Join(args[0], name)
				old, err := os.ReadFile(path)
				if err != nil {
					return exit(exitStart, err)
				}
				text, err := replaceGenerated(old, make(root))
				if err != nil {
					return exit(exitFailed, fmt.Errorf("%s: %w", path, err))
				}
				if err := os.WriteFile(path, text, 0o644); err != nil {
					return exit(exitStart, err)
				}
			}
			return nil
		},
	}
}

// replaceGenerated puts text between the marks of a file.
func replaceGenerated(file, text []byte) ([]byte, error) {
	before, rest, ok := bytes.Cut(file, []byte(markBegin))
	_, after, more := bytes.Cut(rest, []byte(markEnd))
	if !ok || !more {
		return nil, fmt.Errorf("no marks %q and %q", markBegin, markEnd)
	}
	return bytes.Join([][]byte{before, []byte(markBegin), text, []byte(markEnd), after}, nil), nil
}

// cliDoc lists every command with its flags.
func cliDoc(root *cobra.Command) []byte {
	var b bytes.Buffer
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Hidden || c.Name() == "help" || c.Name() == "completion" {
			return
		}
		if c.Runnable() {
			fmt.Fprintf(&b, "\n### %s\n\n%s.\n\n", c.CommandPath(), c.Short)
			fmt.Fprintf(&b, "    %s\n\n", strings.TrimSuffix(c.UseLine(), " [flags]"))
			flagsDoc(&b, c.LocalNonPersistentFlags())
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	for _, sub := range root.Commands() {
		walk(sub)
	}
	return b.Bytes()
}

func flagsDoc(b *bytes.Buffer, flags *pflag.FlagSet) {
	any := false
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Name == "help" || f.Hidden {
			return
		}
		if !any {
			b.WriteString("| flag | default | |\n|---|---|---|\n")
			any = true
		}
		fmt.Fprintf(b, "| `--%s` | `%s` | %s |\n", f.Name, f.DefValue, strings.ReplaceAll(f.Usage, "|", "\\|"))
	})
}

// venuesDoc says of every wire format what is proven and what is not.
func venuesDoc() []byte {
	var b bytes.Buffer
	for i := range all.Specs {
		s := &all.Specs[i]
		fmt.Fprintf(&b, "\n### %s\n\nVenue `%s`.\n\nChecked:\n\n", s.Format, s.Venue)
		for _, line := range s.Checks {
			fmt.Fprintf(&b, "- %s\n", line)
		}
		b.WriteString("\nCannot be noticed:\n\n")
		for _, line := range s.Blind {
			fmt.Fprintf(&b, "- %s\n", line)
		}
	}
	b.WriteString("\n")
	return b.Bytes()
}
