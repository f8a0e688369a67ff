// Judges the pod of every workload on stdin (a JSON array of Kubernetes objects) by the Pod
// Security level "restricted", with Kubernetes' own evaluator. Prints what each violates; exits 1
// if any does.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

type object struct {
	Kind     string            `json:"kind"`
	Metadata metav1.ObjectMeta `json:"metadata"`
	Spec     json.RawMessage   `json:"spec"`
}

// The pod that an object makes; nil if it makes none.
func podOf(o object) (*corev1.PodTemplateSpec, error) {
	var pod corev1.PodTemplateSpec
	var workload struct {
		Template corev1.PodTemplateSpec `json:"template"`
	}
	var cron struct {
		JobTemplate struct {
			Spec struct {
				Template corev1.PodTemplateSpec `json:"template"`
			} `json:"spec"`
		} `json:"jobTemplate"`
	}
	switch o.Kind {
	case "Pod":
		pod.ObjectMeta = o.Metadata
		return &pod, json.Unmarshal(o.Spec, &pod.Spec)
	case "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job":
		return &workload.Template, json.Unmarshal(o.Spec, &workload)
	case "CronJob":
		return &cron.JobTemplate.Spec.Template, json.Unmarshal(o.Spec, &cron)
	case "ServingRuntime", "ClusterServingRuntime":
		return &pod, json.Unmarshal(o.Spec, &pod.Spec)
	}
	return nil, nil
}

func run() error {
	var objects []object
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err == nil {
		err = json.NewDecoder(os.Stdin).Decode(&objects)
	}
	if err != nil {
		return err
	}
	pods, bad := 0, 0
	for _, o := range objects {
		pod, err := podOf(o)
		if err != nil {
			return fmt.Errorf("%s %s: %w", o.Kind, o.Metadata.Name, err)
		}
		if pod == nil {
			continue
		}
		pods++
		level := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
		for _, result := range evaluator.EvaluatePod(level, &pod.ObjectMeta, &pod.Spec) {
			if !result.Allowed {
				bad++
				fmt.Printf("%s %s: %s: %s\n", o.Kind, o.Metadata.Name, result.ForbiddenReason, result.ForbiddenDetail)
			}
		}
	}
	fmt.Printf("%d pods, %d violations\n", pods, bad)
	if bad > 0 {
		os.Exit(1)
	}
	return nil
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "restricted:", err)
		os.Exit(2)
	}
}
