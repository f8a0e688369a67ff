{{- define "digitd.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* At most 50 characters: others are made of it by appending. */}}
{{- define "digitd.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "digitd.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride }}
{{- end }}

{{/* Never changes in the life of a release: a Deployment's selector cannot. */}}
{{- define "digitd.selectorLabels" -}}
app.kubernetes.io/name: {{ include "digitd.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* What the server's pods have and those of batch and tests have not. */}}
{{- define "digitd.serverLabels" -}}
{{ include "digitd.selectorLabels" . }}
app.kubernetes.io/component: server
{{- end }}

{{- define "digitd.labels" -}}
{{ include "digitd.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* metadata of an object: (list context suffix annotations labels) */}}
{{- define "digitd.metadata" -}}
{{- $ := index . 0 -}}
name: {{ include "digitd.fullname" $ }}{{ index . 1 }}
namespace: {{ include "digitd.namespace" $ }}
labels:
  {{- include "digitd.labels" $ | nindent 2 }}
  {{- with index . 3 }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with merge (dict) (index . 2) $.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "digitd.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "digitd.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "digitd.image" -}}
{{- with .Values.image }}
{{- $registry := default .registry $.Values.global.imageRegistry }}
{{- if $registry }}{{ $registry }}/{{ end }}{{ .repository }}
{{- if .digest }}@{{ .digest }}{{ else }}:{{ default $.Chart.AppVersion .tag }}{{ end }}
{{- end }}
{{- end }}

{{- define "digitd.pullSecrets" -}}
{{- with concat .Values.global.imagePullSecrets .Values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "digitd.inCluster" -}}
{{- if eq .Values.kserve.mode "off" }}yes{{ end }}
{{- end }}

{{- define "digitd.grace" -}}
{{- $least := add (int .Values.drain.preStopSeconds) (int .Values.drain.delaySeconds) (int .Values.drain.timeoutSeconds) 5 }}
{{- $given := .Values.terminationGracePeriodSeconds }}
{{- if and (not (kindIs "invalid" $given)) (lt (int $given) (int $least)) }}
{{- fail (printf "terminationGracePeriodSeconds is %d; it should be at least %d: drain.preStopSeconds, .delaySeconds and .timeoutSeconds, and 5 for the end" (int $given) (int $least)) }}
{{- end }}
{{- kindIs "invalid" $given | ternary $least $given }}
{{- end }}

{{/* Arguments that serving takes everywhere. */}}
{{- define "digitd.drainArgs" -}}
- --drain-delay={{ .Values.drain.delaySeconds }}s
- --drain-timeout={{ .Values.drain.timeoutSeconds }}s
{{- range $flag, $value := .Values.settings }}
- {{ printf "--%s=%v" $flag (kindIs "float64" $value | ternary (printf "%.15g" $value) $value) | quote }}
{{- end }}
{{- range .Values.extraArgs }}
- {{ tpl . $ | quote }}
{{- end }}
{{- end }}

{{- define "digitd.modelArgs" -}}
- --model-name={{ .Values.model.name }}
{{- if ne .Values.model.source "builtin" }}
{{- $path := printf "%s/%s" .Values.model.mountPath .Values.model.path | trimSuffix "/" }}
- --model{{ hasSuffix ".onnx" $path | ternary "" "-repository" }}={{ $path }}
{{- end }}
{{- end }}

{{- define "digitd.env" -}}
{{- with .Values.extraEnv }}
env:
  {{- tpl (toYaml .) $ | nindent 2 }}
{{- end }}
{{- with .Values.extraEnvFrom }}
envFrom:
  {{- tpl (toYaml .) $ | nindent 2 }}
{{- end }}
{{- end }}

{{- define "digitd.modelVolume" -}}
{{- with .Values.model }}
- name: models
  {{- if eq .source "pvc" }}
  persistentVolumeClaim:
    claimName: {{ required "model.pvc.claimName is needed where model.source is pvc" .pvc.claimName }}
    readOnly: true
  {{- else if eq .source "image" }}
  image:
    reference: {{ required "model.image.reference is needed where model.source is image" .image.reference }}
    pullPolicy: {{ .image.pullPolicy }}
  {{- else }}
  emptyDir:
    sizeLimit: {{ .init.sizeLimit }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "digitd.modelMount" -}}
- name: models
  mountPath: {{ .Values.model.mountPath }}
  readOnly: true
  {{- if and (eq .Values.model.source "pvc") .Values.model.pvc.subPath }}
  subPath: {{ .Values.model.pvc.subPath }}
  {{- end }}
{{- end }}

{{/* The container that fetches the model. */}}
{{- define "digitd.fetcher" -}}
{{- with .Values.model.init }}
- name: fetch-model
  image: {{ required "model.init.image is needed where model.source is init" .image }}
  {{- with .command }}
  command:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .args }}
  args:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .env }}
  env:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .envFrom }}
  envFrom:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .resources }}
  resources:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    {{- toYaml $.Values.securityContext | nindent 4 }}
  volumeMounts:
    - name: models
      mountPath: {{ $.Values.model.mountPath }}
{{- end }}
{{- end }}

{{/* What every pod of the chart has in its spec. */}}
{{- define "digitd.podBasics" -}}
serviceAccountName: {{ include "digitd.serviceAccountName" . }}
automountServiceAccountToken: {{ .Values.serviceAccount.automount }}
enableServiceLinks: false
{{- include "digitd.pullSecrets" . }}
securityContext:
  {{- toYaml .Values.podSecurityContext | nindent 2 }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- tpl (toYaml .) $ | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.runtimeClassName }}
runtimeClassName: {{ . }}
{{- end }}
{{- end }}

{{- define "digitd.containerBasics" -}}
image: {{ include "digitd.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  {{- toYaml .Values.securityContext | nindent 2 }}
{{- end }}
