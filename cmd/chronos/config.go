package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"chronos.dev/config"

	"github.com/spf13/cobra"
)

// configFlags say where the configuration comes from.
type configFlags struct {
	file  string
	sets  []string
	kafka string
	set   map[string]string // what sets and shorter flags say
}

func (f *configFlags) flags(c *cobra.Command) {
	f.set = map[string]string{}
	fl := c.Flags()
	fl.StringVarP(&f.file, "config", "f", envOr("CHRONOS_CONFIG", ""), "configuration file (CHRONOS_CONFIG)")
	fl.StringArrayVar(&f.sets, "set", nil, "KEY=VALUE: beats file and environment; docs/config.md lists the keys")
	fl.StringVar(&f.kafka, "kafka", "", "use the Kafka at host:port[,host:port] instead of the embedded one")
}

// load reads the configuration.
func (f *configFlags) load() (*config.Config, error) {
	cfg, err := f.read()
	if err != nil {
		return nil, exit(exitUsage, configError(err))
	}
	return cfg, nil
}

// read is load with an error that may be a *config.Error.
func (f *configFlags) read() (*config.Config, error) {
	for _, s := range f.sets {
		key, value, ok := strings.Cut(s, "=")
		if !ok {
			return nil, fmt.Errorf("--set %q: want KEY=VALUE", s)
		}
		f.set[key] = value
	}
	if f.kafka != "" {
		f.set["kafka.brokers"] = f.kafka
	}
	return config.Load(f.file, os.Environ(), f.set)
}

// configError puts each problem on a line of its own.
func configError(err error) error {
	var e *config.Error
	if !errors.As(err, &e) {
		return err
	}
	return errors.New("configuration:\n" + e.Error())
}

func newConfig(g *globals) *cobra.Command {
	c := &cobra.Command{Use: "config", Short: "Check or print the configuration"}
	c.AddCommand(newConfigCheck(g), newConfigPrint(g))
	return c
}

func newConfigCheck(g *globals) *cobra.Command {
	var f configFlags
	c := &cobra.Command{
		Use: "check", Short: "Read the configuration and say what is wrong with it", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := f.read()
			var e *config.Error
			if errors.As(err, &e) && g.output == "json" {
				if err := printJSON(c.OutOrStdout(), e.Problems); err != nil {
					return err
				}
				return exit(exitUsage, nil)
			}
			if errors.As(err, &e) {
				fmt.Fprintln(c.OutOrStdout(), e.Error())
				return exit(exitUsage, nil)
			}
			if err != nil {
				return exit(exitUsage, err)
			}
			for _, name := range cfg.Ignored() {
				fmt.Fprintf(c.ErrOrStderr(), "ignored: %s is no key\n", name)
			}
			if !g.quiet {
				fmt.Fprintln(c.ErrOrStderr(), "ok")
			}
			return nil
		},
	}
	f.flags(c)
	return c
}

func newConfigPrint(g *globals) *cobra.Command {
	var f configFlags
	var effective bool
	c := &cobra.Command{
		Use: "print", Short: "Print the configuration as a file, or with --effective every value and its source",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := f.load()
			if err != nil {
				return err
			}
			switch {
			case g.output == "json":
				return printJSON(c.OutOrStdout(), cfg.Effective())
			case !effective:
				_, err := c.OutOrStdout().Write(cfg.AppendYAML(nil))
				return err
			}
			w := tabwriter.NewWriter(c.OutOrStdout(), 0, 8, 2, ' ', 0)
			fmt.Fprintln(w, "KEY\tVALUE\tSOURCE")
			for _, s := range cfg.Effective() {
				fmt.Fprintf(w, "%s\t%s\t%s\n", s.Key, s.Value, s.Source)
			}
			return w.Flush()
		},
	}
	f.flags(c)
	c.Flags().BoolVar(&effective, "effective", false, "one line a key, with where its value comes from")
	return c
}
