package node

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/livews/websocketlivestream/livews/ingress"
)

// ListDevices is the source that only shows what can be captured.
const ListDevices = "webcam:list"

// PrintDevices writes a line for each camera, microphone and screen: its name, and the
// flag that takes it.
func PrintDevices(ctx context.Context, w io.Writer) error {
	devices, err := ingress.Devices(ctx)
	if err != nil {
		return err
	}
	if len(devices) == 0 {
		_, err := fmt.Fprintln(w, "no camera, microphone or screen was found")
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, d := range devices {
		fmt.Fprintf(table, "%s\t%s\t%s\n", d.Kind, argument(d), d.Name)
	}
	return table.Flush()
}

// argument returns the flag that takes a device, as it is typed in a shell.
func argument(d ingress.Device) string {
	switch d.Kind {
	case ingress.Camera:
		return fmt.Sprintf("-source %q", "webcam:"+d.ID)
	case ingress.Screen:
		return fmt.Sprintf("-source %q", "screen:"+d.ID)
	}
	return fmt.Sprintf("-mic %q", d.ID)
}
